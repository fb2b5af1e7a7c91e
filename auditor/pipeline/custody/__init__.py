"""Sign reports, verify signatures, and write and check custody lists: the functions behind the commands."""
