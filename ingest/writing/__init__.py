"""The last stages: write checked events in one transaction a batch, offsets last."""
