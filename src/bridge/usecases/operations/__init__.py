"""Operations reports: their material from the store or from a history, and the facts proved equal to the timeline."""
