"""A trained network as a web page and an address: `bakeoff serve`."""
