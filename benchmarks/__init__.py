"""Side-by-side measurements; each module says how it is run."""
