# Writes the trust of this machine as JSON, for `trust` of its pool in the plan. Changes nothing.
#   powershell -ExecutionPolicy Bypass -File windows-trust.ps1 > win2022-trust.json
# Windows PowerShell 5.1 and PowerShell 7, as an administrator. The output contains no secrets: certificates, Microsoft's lists of
# roots as this machine has them, and the settings of certificate chains and TLS.
$ErrorActionPreference = 'Stop'
$machine = 'HKLM:\SOFTWARE\Microsoft\SystemCertificates'
$policies = 'HKLM:\SOFTWARE\Policies\Microsoft\SystemCertificates'
$policy = "$policies\AuthRoot"
$update = "$machine\AuthRoot\AutoUpdate"

function Read-Value([string]$path, [string]$name) {
    $item = Get-ItemProperty -Path $path -Name $name -ErrorAction SilentlyContinue
    if ($null -ne $item) { $item.$name }
}

function Read-Bytes([string]$path, [string]$name) {
    $value = Read-Value $path $name
    if ($null -ne $value) { [Convert]::ToBase64String([byte[]]$value) }
}

function Read-Time([string]$name) {
    $value = Read-Value $update $name
    if ($null -ne $value) { [DateTime]::FromFileTimeUtc([BitConverter]::ToInt64($value, 0)).ToString('o') }
}

$stores = [ordered]@{}
foreach ($name in 'Root', 'AuthRoot', 'CA', 'Disallowed') {
    if (Test-Path -Path "Cert:\LocalMachine\$name") {
        $stores[$name] = @(Get-ChildItem -Path "Cert:\LocalMachine\$name" | ForEach-Object { [Convert]::ToBase64String($_.RawData) })
    }
}

# The registry value Blob of each root: the certificate with its properties (disabled, not before, key usages).
$properties = [ordered]@{}
foreach ($root in $machine, $policies, 'HKLM:\SOFTWARE\Microsoft\EnterpriseCertificates') {
    foreach ($name in 'Root', 'AuthRoot') {
        $folder = "$root\$name\Certificates"
        if (-not (Test-Path -Path $folder)) { continue }
        foreach ($key in Get-ChildItem -Path $folder -ErrorAction SilentlyContinue) {
            $blob = $key.GetValue('Blob')
            if ($null -ne $blob) { $properties[$key.PSChildName] = [Convert]::ToBase64String([byte[]]$blob) }
        }
    }
}

$engine = [ordered]@{}
foreach ($path in 'HKLM:\SOFTWARE\Microsoft\Cryptography\OID\EncodingType 0\CertDllCreateCertificateChainEngine\Config',
    "$policies\ChainEngine\Config", $policy, "$policies\Root\ProtectedRoots") {
    if (-not (Test-Path -Path $path)) { continue }
    $item = Get-Item -Path $path
    foreach ($name in $item.GetValueNames()) {
        $value = $item.GetValue($name)
        if ($value -is [int] -or $value -is [string]) { $engine["$path\$name".Substring(6)] = $value }
    }
}

$protocols = [ordered]@{}
$schannel = 'HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols'
foreach ($version in 'TLS 1.0', 'TLS 1.1', 'TLS 1.2', 'TLS 1.3') {
    $enabled = Read-Value "$schannel\$version\Client" 'Enabled'
    $hidden = Read-Value "$schannel\$version\Client" 'DisabledByDefault'
    if ($null -ne $enabled -or $null -ne $hidden) {
        $protocols["$version\Client"] = ($enabled -ne 0) -and (($null -eq $hidden) -or ($hidden -eq 0))
    }
}

# Nano Server and old releases lack these commands.
$suites = @()
$curves = @()
$member = $null
try { $suites = @(Get-TlsCipherSuite | ForEach-Object { $_.Name }) } catch { $suites = @() }
try { $curves = @(Get-TlsEccCurve) } catch { $curves = @() }
try { $member = [bool](Get-CimInstance -ClassName Win32_ComputerSystem).PartOfDomain } catch { $member = $null }

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
        RootDirUrl            = Read-Value $update 'RootDirUrl'
        LastSyncTime          = Read-Time 'LastSyncTime'
    }
    state        = [ordered]@{
        properties                   = $properties
        EncodedCtl                   = Read-Bytes $update 'EncodedCtl'
        DisallowedCertEncodedCtl     = Read-Bytes $update 'DisallowedCertEncodedCtl'
        DisallowedCertLastSyncTime   = Read-Time 'DisallowedCertLastSyncTime'
        chain_engine                 = $engine
        protocols                    = $protocols
        cipher_suites                = $suites
        curves                       = $curves
        domain_member                = $member
    }
}
ConvertTo-Json -InputObject $found -Depth 6
