#!/bin/bash
# A Slurm allocation of four nodes with four GPUs each; home and this folder are shared by all nodes.
#     sbatch examples/cluster/slurm.sh experiment.toml
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=32
#SBATCH --gpus-per-node=4
#SBATCH --time=08:00:00
set -euo pipefail
source .venv/bin/activate # with bakeoff[ray]
export RAY_USAGE_STATS_ENABLED=0
export RAY_AUTH_MODE=token RAY_AUTH_TOKEN=$(openssl rand -hex 32) # other users reach the nodes' ports, too

head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
address=$(srun --nodes=1 --ntasks=1 -w "$head" hostname --ip-address | awk '{print $1}'):6379
resources="--num-cpus $SLURM_CPUS_PER_TASK --num-gpus $SLURM_GPUS_ON_NODE --disable-usage-stats"

srun --nodes=1 --ntasks=1 -w "$head" \
    ray start --head --port=6379 --include-dashboard=false $resources --block &
sleep 20
srun --nodes=$((SLURM_NNODES - 1)) --ntasks=$((SLURM_NNODES - 1)) --exclude="$head" \
    ray start --address="$address" $resources --block &
sleep 20

# this script runs on the head node; four runs share a GPU, and checkpoints go into the experiment's folder
bakeoff run "$1" --out out --set training.executor=ray --set training.device=cuda \
    --set cluster.address="$address" --set cluster.num_gpus=0.25
