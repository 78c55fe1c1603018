"""From stored detections to scores: join the shards of a case, match them once, keep the match data."""
