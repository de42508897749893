"""Procedural furnished rooms: shapes, textures, baked light, and a renderer with exact depth."""
