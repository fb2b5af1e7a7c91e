"""The calendar of a site: everything that ends, with its date and who renews it."""
