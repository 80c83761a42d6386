"""OpenCL C sources, shipped as package data; one idea a file."""
