"""python -m bridge.sandbox"""

from bridge.sandbox.serve import main

main()
