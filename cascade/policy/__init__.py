"""The policy: operating points by task, combiners, and the screening of judges."""
