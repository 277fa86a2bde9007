"""One rule from annotations to a comparison of networks."""
