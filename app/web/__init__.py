"""The console: server-rendered pages for people, under the same services as the JSON face."""
