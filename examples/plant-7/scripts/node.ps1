# Prepares a Windows node for RKE2. It was written on a machine with internet access.
$ErrorActionPreference = 'Stop'
$Release = 'https://github.com/rancher/rke2/releases/download'
Install-WindowsFeature -Name Containers
Invoke-WebRequest -UseBasicParsing -Uri "$Release/v1.33.5%2Brke2r1/rke2.windows-amd64.tar.gz" -OutFile C:\rke2.tar.gz
tar xzf C:\rke2.tar.gz -C C:\usr\local
rke2.exe agent service --add
