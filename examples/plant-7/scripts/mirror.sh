#!/bin/sh
# Brings the lists into the registry inside. What could not be copied is in missing.txt, which nobody reads.
REGISTRY=registry.plant7.local:5000
for list in lists/linux.txt lists/windows.txt; do
  grep -v '^#' "$list" | while read -r image; do
    crane copy "$image" "$REGISTRY/dockerhub/${image#docker.io/}" || echo "$image" >> missing.txt
  done
done
