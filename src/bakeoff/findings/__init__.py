"""What the numbers can and cannot bear: findings, each with a verdict and its evidence."""
