#!/bin/sh
# Copies the listed images to the internal registry. Failed copies go to missing.txt, which no job checks.
REGISTRY=registry.plant7.local:5000
for list in lists/linux.txt lists/windows.txt; do
  grep -v '^#' "$list" | while read -r image; do
    crane copy "$image" "$REGISTRY/dockerhub/${image#docker.io/}" || echo "$image" >> missing.txt
  done
done
