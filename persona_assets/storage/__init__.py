"""Where files live: the lake of Parquet partitions and the warehouse."""
