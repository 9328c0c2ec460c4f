"""e-Stat tables as published, made into margins that agree."""
