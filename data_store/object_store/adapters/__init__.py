"""One module or small package per framework; the only place that imports an SDK."""
