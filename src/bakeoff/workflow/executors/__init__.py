"""Ways to run independent jobs: one contract, so that results do not depend on which one ran them.

An executor is called with jobs, the number of workers and a monitor. It yields an outcome for every job, in the order
in which they end: what the task returned, or a `Failure` with the reason. One job's failure does not stop the others.
KeyboardInterrupt stops all jobs and is raised again; outcomes that were yielded stay valid.
"""
