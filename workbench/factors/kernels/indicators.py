"""Compiled technical indicators: one stock's bars at a time."""
