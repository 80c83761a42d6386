"""Photographs: pigment drawn into them, and what they say of pigment that is there."""
