"""Checks of what pods request, besides their images at the source: logins, pull policies and registry clients."""
