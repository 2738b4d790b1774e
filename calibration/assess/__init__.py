"""Assessment: what verifiers, rungs and policies are worth."""
