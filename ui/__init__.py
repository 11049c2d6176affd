"""Everything the pages share: forms, pickers, pictures, charts, caches, components."""
