"""The built-in task types, one file each; `eas_framework.builtin` offers them as any plugin would."""
