"""The generation engine: prompts, response models, backends."""
