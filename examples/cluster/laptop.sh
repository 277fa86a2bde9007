#!/bin/sh
# One machine: Ray is started for this command and ends with it.
set -eu
pip install 'bakeoff[ray]'
bakeoff run demo --out out --set training.executor=ray --set cluster.address=local
