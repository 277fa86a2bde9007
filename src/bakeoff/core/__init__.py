"""What every room uses: errors, plug-in registries, storage, geometry, common types."""
