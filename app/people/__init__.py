"""Who works with the service: users, their roles and what a role may do, log-in and sessions."""
