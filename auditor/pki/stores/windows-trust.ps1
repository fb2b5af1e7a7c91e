# Writes the trust stores of this machine as JSON, for `trust` of its pool in the plan. Changes nothing.
#   powershell -ExecutionPolicy Bypass -File windows-trust.ps1 > win2022-trust.json
# Windows PowerShell 5.1 and PowerShell 7. The output contains no secrets: certificates, and how Windows updates its roots.
$ErrorActionPreference = 'Stop'
$stores = [ordered]@{}
foreach ($name in 'Root', 'AuthRoot', 'CA', 'Disallowed') {
    if (Test-Path -Path "Cert:\LocalMachine\$name") {
        $stores[$name] = @(Get-ChildItem -Path "Cert:\LocalMachine\$name" | ForEach-Object { [Convert]::ToBase64String($_.RawData) })
    }
}
$policy = 'HKLM:\SOFTWARE\Policies\Microsoft\SystemCertificates\AuthRoot'
$state = 'HKLM:\SOFTWARE\Microsoft\SystemCertificates\AuthRoot\AutoUpdate'
function Read-Value([string]$path, [string]$name) {
    $item = Get-ItemProperty -Path $path -Name $name -ErrorAction SilentlyContinue
    if ($null -ne $item) { $item.$name }
}
$synced = Read-Value $state 'LastSyncTime'
if ($null -ne $synced) { $synced = [DateTime]::FromFileTimeUtc([BitConverter]::ToInt64($synced, 0)).ToString('o') }
$version = [Environment]::OSVersion.Version
$revision = Read-Value 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion' 'UBR'
$found = [ordered]@{
    format       = 'airgap-auditor windows-trust 1'
    computer     = $env:COMPUTERNAME
    windows      = '{0}.{1}.{2}.{3}' -f $version.Major, $version.Minor, $version.Build, [int]$revision
    taken        = [DateTime]::UtcNow.ToString('o')
    stores       = $stores
    root_updates = [ordered]@{
        DisableRootAutoUpdate = Read-Value $policy 'DisableRootAutoUpdate'
        RootDirUrl            = Read-Value $state 'RootDirUrl'
        LastSyncTime          = $synced
    }
}
ConvertTo-Json -InputObject $found -Depth 5
