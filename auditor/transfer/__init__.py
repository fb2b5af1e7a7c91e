"""What a copy tool, an archive, a registry and a runtime do to an image, hop by hop. No I/O."""
