"""What asks other services over HTTP for their part of an answer."""
