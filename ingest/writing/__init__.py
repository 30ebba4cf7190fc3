"""The last stages: from checked events to one transaction a batch, offsets last."""
