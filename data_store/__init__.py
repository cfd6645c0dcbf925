"""data-store: configuration-driven access to data stores."""
