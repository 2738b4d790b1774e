"""What is watched while the cascade serves: intervals now; monitors and the rate controller belong here too."""
