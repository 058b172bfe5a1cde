"""HTTP only: read the request, call a service, answer. Every view belongs to one blueprint."""
