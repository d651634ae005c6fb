//! Pure parsers of Jiva's files: bytes in, value and remarks out, no I/O.
