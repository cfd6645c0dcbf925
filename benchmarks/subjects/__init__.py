"""What can be measured; each module has a ``main`` that takes the arguments behind the subject's name."""
