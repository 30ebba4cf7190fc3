"""The second stage: decodes records into checked events or rejections."""
