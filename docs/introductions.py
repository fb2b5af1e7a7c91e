"""The first paragraphs of the generated pages."""

CHECKS_INTRODUCTION = """
Each check answers one question about a planned site, from its plan and its evidence. Its outcomes are findings, a number of
subjects that passed, and undetermined subjects. A check is not applicable if the plan has no subject for it. Use its id in
`--only`, `--skip`, waivers and `severity:`. `auditor explain ID` prints the same page.

*error*: something that the plan needs fails offline. *warning*: it fails only if something else happens as well. *info*:
nothing fails. The lists below show the worst severity that a check gives by default; a plan may change it.
[severity.md](severity.md) has the rule, and the reason for every severity of every check.

Each page ends with an example: a plan, the observations, and the finding.
Observations are in the short form of the [test kit](testing.md):
`platforms` are the entries of an image's index, `single` is
an image without an index, `serves` are the certificates that an
endpoint sends, its own first.

## Terms
"""

SEVERITY_INTRODUCTION = """
One rule decides every severity: **if the finding is true, does something that the plan needs fail offline?**

| severity | when |
|---|---|
| error | yes, certainly |
| warning | only if something else happens as well |
| info | no |

An error needs certainty. A finding is a warning if it depends on a fact of low confidence, on an estimate, or on something
that the plan may not need. If a check cannot decide, the outcome is *undetermined*, which is never a pass.

A plan may change severities (`severity:`), and a waiver may accept a finding. Both change only the verdict. The image matrix
uses the severities on this page: an image is `blocked` on a pool if an error states that its nodes cannot pull or run it,
even if the plan lowers that error to an info. A waived finding still blocks the image, and the cell shows the waiver.

The policy has rules of its own, about waivers and the plan. They warn when a verdict could be misread.
"""

CLI_INTRODUCTION = """
Start with `auditor init`, then `auditor audit plan.yaml`. Across an air gap, run `auditor collect plan.yaml -o
site.evidence` on the connected side and `auditor audit site.evidence` on the offline side. Data goes to stdout, progress and
warnings to stderr.

| exit code | meaning |
|---|---|
| 0 | ready |
| 1 | not ready: a finding at or above `--fail-on` |
| 2 | the command line, the plan or a list is wrong |
| 3 | undetermined: something could not be observed, and there is no error. `collect`: something was not observed |
| 4 | an internal error |
| 129, 130, 143 | ended by SIGHUP, Ctrl-C or SIGTERM |

`auditor COMMAND --help` prints the texts of this page.
"""

CONFIG_INTRODUCTION = """
`auditor audit`, `collect` and `fix` read defaults from `auditor.toml`, or from the table `[tool.airgap-auditor]` in
`pyproject.toml`. The keys are the same:

```toml
# auditor.toml: `auditor audit` without arguments audits both lists
inputs = ["lists/linux.txt=linux/amd64", "lists/windows.txt=windows/amd64:ltsc2022"]
fail-on = "error"
skip = ["image-unpinned"]
```

- The file is searched from the current folder up to the root of the repository, the folder with `.git`. Outside a repository,
  only the current folder is searched. If a folder has both files, `auditor.toml` is used.
- The command line wins. A note on stderr names the file. `auditor --no-config …` and `AUDITOR_CONFIG=off` use no file.
- Paths are relative to the folder of the file, and must lead to files below it. No key is a command, a secret or a certificate.
- An invalid file is an error with file and line, exit code 2.
"""
