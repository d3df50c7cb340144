"""Price the ways Linux could switch its GS and FS bases, from a recorded trace."""
