"""A made-up nation at any size: institutions, people and groups as brokers would send them."""
