# Completes postcote in bash; made by `postcote completions bash`.
#
# Readline splits words at the @ of an address (COMP_WORDBREAKS); postcote gets them whole, and of
# what it answers only the piece behind the last split is put into the line.
_postcote() {
    local IFS=$'\013' words=() word last breaks='[@=:]' i
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        last=$((${#words[@]} - 1))
        if ((last > 0)) && [[ $word == $breaks* || ${words[last]} == *$breaks ]]; then
            words[last]+=$word
        else
            words+=("$word")
        fi
    done
    last=$((${#words[@]} - 1))
    word=${words[last]}
    COMPREPLY=($(_CLAP_IFS=$IFS _CLAP_COMPLETE_INDEX=$last POSTCOTE_COMPLETE=bash \
        postcote -- "${words[@]}" 2>/dev/null)) || COMPREPLY=()
    [[ $COMP_WORDBREAKS == *@* ]] || return 0
    word=${word%"${word##*$breaks}"}
    for i in "${!COMPREPLY[@]}"; do
        COMPREPLY[i]=${COMPREPLY[i]:${#word}}
    done
}
complete -o bashdefault -o nosort -F _postcote postcote
