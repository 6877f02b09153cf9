"""The JSON face under /v1: one router a domain, thin over the domains' functions."""
