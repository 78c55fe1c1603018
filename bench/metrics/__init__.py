"""From raw results to metrics: COCO accuracy, latency, memory, size. Measuring is left to the agent."""
