"""A saved map in the forms of other programs; docs/maps.md."""
