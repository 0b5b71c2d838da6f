#!/bin/bash
# stop.sh NAME: ends the Puma of that instance by its pid and removes the instance
. "$(dirname "$(readlink -f "$0")")/../lib.sh"
DIR=$STATE/redmine/inst/$1
end "$DIR/server.pid" puma TERM
rm -rf "$DIR"
