"""From raw results to metrics: COCO accuracy, latency, memory, size. Measuring itself is left to the agent."""
