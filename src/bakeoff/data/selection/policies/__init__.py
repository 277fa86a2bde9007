"""The label policies: one a file; each decides under which of its classes an image stands."""
