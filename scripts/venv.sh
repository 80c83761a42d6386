# Sourced by the scripts beside it: make_venv FOLDER WHAT... makes a virtual environment with any of
# Python 3.11 to 3.13 and installs WHAT into it, saying so.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

find_python() {
  local name
  for name in ${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
    if "$name" -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
      echo "$name"
      return
    fi
  done
  echo "No Python 3.11, 3.12 or 3.13 found. Install one, or name it: PYTHON=/path/to/python $0" >&2
  return 1
}

make_venv() {
  local folder=$1 python
  shift
  if [ ! -x "$folder/bin/python" ]; then
    python=$(find_python)
    echo "== making a virtual environment in $folder with $("$python" --version)"
    "$python" -m venv "$folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
  fi
  echo "== installing into $folder: $*"
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
}
